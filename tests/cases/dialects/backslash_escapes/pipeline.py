"""A layout of one's own."""

from pathlib import Path

from vbatch import GiftCard, Pipeline, layout, target

pipeline = Pipeline(
    name="backslash-escapes",
    layout=layout(Path(__file__).with_name("layout.toml")),
    schema=GiftCard,
    target=target("voucherify"),
    scope="backslash-escapes",
)
