"""The functions of `generations.web.formatting` as template filters."""

from django import template

from generations.web import formatting

register = template.Library()

for _filter in (
    formatting.ago,
    formatting.browser_name,
    formatting.signed,
    formatting.clock,
    formatting.count_of,
    formatting.in_credits,
    formatting.elapsed,
    formatting.figure,
    formatting.model_name,
    formatting.motion_name,
    formatting.orientation,
    formatting.pixels,
    formatting.humanize,
    formatting.state_class,
    formatting.percentage,
    formatting.tier,
    formatting.in_time_zone,
    formatting.limit_name,
    formatting.quota_name,
):
    register.filter(_filter.__name__, _filter)
