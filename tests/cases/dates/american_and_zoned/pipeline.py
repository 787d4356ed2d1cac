"""A layout of one's own."""

from pathlib import Path

from vbatch import Discount, Pipeline, layout, target

pipeline = Pipeline(
    name="american-and-zoned",
    layout=layout(Path(__file__).with_name("layout.toml")),
    schema=Discount,
    target=target("voucherify"),
    scope="american-and-zoned",
)
