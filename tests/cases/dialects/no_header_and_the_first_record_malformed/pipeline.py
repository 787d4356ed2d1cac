"""A layout of one's own."""

from pathlib import Path

from vbatch import GiftCard, Pipeline, layout, target

pipeline = Pipeline(
    name="no-header",
    layout=layout(Path(__file__).with_name("layout.toml")),
    schema=GiftCard,
    target=target("voucherify"),
    scope="no-header",
)
