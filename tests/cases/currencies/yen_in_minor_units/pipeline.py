"""A layout of one's own."""

from pathlib import Path

from vbatch import GiftCard, Pipeline, layout, target

pipeline = Pipeline(
    name="yen-in-minor-units",
    layout=layout(Path(__file__).with_name("layout.toml")),
    schema=GiftCard,
    target=target("voucherify"),
    scope="yen-in-minor-units",
)
