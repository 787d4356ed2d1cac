"""Bare codes in one of Coupon Carrier's two forms and no other."""

from vbatch import Code, Pipeline, layout, target

pipeline = Pipeline(name="codes", layout=layout("coupon_carrier_lines"), schema=Code, target=target("coupon_carrier"), scope="codes")
