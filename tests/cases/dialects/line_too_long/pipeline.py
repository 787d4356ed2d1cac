"""A layout of one's own."""

from pathlib import Path

from vbatch import Code, Pipeline, layout, target

pipeline = Pipeline(
    name="line-too-long",
    layout=layout(Path(__file__).with_name("layout.toml")),
    schema=Code,
    target=target("voucherify"),
    scope="line-too-long",
)
