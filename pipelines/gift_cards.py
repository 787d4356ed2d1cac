"""Gift cards from Voucherify's campaign CSV, to Voucherify."""

from vbatch import GiftCard, Pipeline, layout, target

pipeline = Pipeline(
    name="gift_cards",
    layout=layout("voucherify_campaign_csv"),
    schema=GiftCard,
    target=target("voucherify"),
    scope="voucherify",
)
