"""The words of `generations.web.wording` as template filters."""

from django import template

from generations.web import wording

register = template.Library()

for _filter in (
    wording.ago,
    wording.change,
    wording.clock,
    wording.in_credits,
    wording.elapsed,
    wording.figure,
    wording.model_name,
    wording.motion_name,
    wording.orientation,
    wording.pixels,
    wording.plainly,
    wording.state_tone,
    wording.share_of,
    wording.tier,
    wording.where_the_team_is,
    wording.whose,
    wording.whose_quota,
):
    register.filter(_filter.__name__, _filter)
