"""The words of `generations.web.formatting` as template filters."""

from django import template

from generations.web import formatting

register = template.Library()

for _filter in (
    formatting.ago,
    formatting.change,
    formatting.clock,
    formatting.in_credits,
    formatting.elapsed,
    formatting.figure,
    formatting.model_name,
    formatting.motion_name,
    formatting.orientation,
    formatting.pixels,
    formatting.plainly,
    formatting.state_tone,
    formatting.share_of,
    formatting.tier,
    formatting.where_the_team_is,
    formatting.whose,
    formatting.whose_quota,
):
    register.filter(_filter.__name__, _filter)
