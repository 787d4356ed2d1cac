"""Bare codes, as CSV with a column `Code` or one code a line, to Coupon Carrier."""

from vbatch import Code, Pipeline, layout, target

pipeline = Pipeline(
    name="code_list",
    layout=layout("coupon_carrier"),
    schema=Code,
    target=target("coupon_carrier"),
    scope="coupon_carrier",
)
