"""A layout of one's own."""

from pathlib import Path

from vbatch import Discount, Pipeline, layout, target

pipeline = Pipeline(
    name="discount-types-not-mapped",
    layout=layout(Path(__file__).with_name("layout.toml")),
    schema=Discount,
    target=target("voucherify"),
    scope="discount-types-not-mapped",
)
