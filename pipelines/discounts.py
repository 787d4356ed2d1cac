"""Discount codes from Voucherify's campaign CSV, to Voucherify. What the discount is comes from the campaign."""

from vbatch import Discount, Pipeline, layout, target

pipeline = Pipeline(
    name="discounts",
    layout=layout("voucherify_campaign_csv"),
    schema=Discount,
    target=target("voucherify"),
    scope="voucherify",
)
