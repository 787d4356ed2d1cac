"""Gift cards and discount codes from Voucherify's standalone CSV, to Voucherify."""

from vbatch import MixedVoucher, Pipeline, layout, target

pipeline = Pipeline(
    name="standalone",
    layout=layout("voucherify_standalone_csv"),
    schema=MixedVoucher,
    target=target("voucherify"),
    scope="voucherify",
)
