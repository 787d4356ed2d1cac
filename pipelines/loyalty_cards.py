"""Loyalty cards from Voucherify's campaign CSV, to Voucherify."""

from vbatch import LoyaltyCard, Pipeline, layout, target

pipeline = Pipeline(
    name="loyalty_cards",
    layout=layout("voucherify_campaign_csv"),
    schema=LoyaltyCard,
    target=target("voucherify"),
    scope="voucherify",
)
