"""Gift cards, discount codes and loyalty cards from Voucherify's JSON import items, to Voucherify."""

from vbatch import MixedVoucher, Pipeline, layout, target

pipeline = Pipeline(
    name="voucherify_json",
    layout=layout("voucherify_json"),
    schema=MixedVoucher,
    target=target("voucherify"),
    scope="voucherify",
)
