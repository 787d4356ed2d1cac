"""A layout of one's own."""

from pathlib import Path

from vbatch import GiftCard, Pipeline, layout, target

pipeline = Pipeline(
    name="iso-before-days-first",
    layout=layout(Path(__file__).with_name("layout.toml")),
    schema=GiftCard,
    target=target("voucherify"),
    scope="iso-before-days-first",
)
