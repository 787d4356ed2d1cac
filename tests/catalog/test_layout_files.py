"""The layouts that ship with vbatch, and how layouts are found."""

from pathlib import Path

import pytest

from vbatch import LayoutError, layout
from vbatch.catalog.load import LAYOUTS
from vbatch.model.layout import Dialect, Field, Layout, Unmapped
from vbatch.model.voucher import MixedVoucher

SHIPPED = (
    "coupon_carrier",
    "coupon_carrier_csv",
    "coupon_carrier_lines",
    "voucherify_campaign_csv",
    "voucherify_json",
    "voucherify_standalone_csv",
)

SMALLEST = """\
name = "acme"
title = "ACME"
reference = "ACME's manual"
format = "csv"

[[fields]]
column = "code"
source = "Code"
kind = "text"
"""


def field(of: Layout, column: str) -> Field:
    return next(one for one in of.fields if one.column == column)


def test_these_layouts_ship() -> None:
    assert LAYOUTS.names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_layout_loads_and_bears_the_name_of_its_file(name: str) -> None:
    assert layout(name).name == name


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_layout_maps_canonical_columns_only(name: str) -> None:
    assert {one.column for one in layout(name).fields} <= {*MixedVoucher.to_schema().columns}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_layout_explains_itself(name: str) -> None:
    text = (LAYOUTS.folder / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert "https://" in layout(name).reference


def test_campaign_csv_has_the_exact_headers() -> None:
    loaded = layout("voucherify_campaign_csv")
    assert {one.column: one.source for one in loaded.fields} == {
        "code": "Code",
        "active": "Active",
        "gift_amount": "Gift Amount",
        "redeemed_amount": "Redeemed Amount",
        "redeemed_quantity": "Redeemed Quantity",
        "loyalty_points": "Loyalty Points",
        "category": "Category",
        "starts_at": "Start Date",
        "expires_at": "Expiration Date",
    }
    assert [one.column for one in loaded.fields if one.required] == ["code"]
    assert loaded.unmapped == Unmapped(to="metadata")


def test_campaign_csv_declares_what_voucherify_leaves_open() -> None:
    loaded = layout("voucherify_campaign_csv")
    amount, expiry = field(loaded, "gift_amount"), field(loaded, "expires_at")
    assert (amount.unit, amount.decimals, amount.decimal_mark, amount.thousands_mark) == ("major", 2, ".", None)
    assert (expiry.formats, expiry.zone, expiry.date_only) == (("iso",), "UTC", "start_of_day")


def test_standalone_csv_reads_the_value_by_the_type_of_voucher() -> None:
    loaded = layout("voucherify_standalone_csv")
    values = {one.column: one.when for one in loaded.fields if one.source == "Value"}
    assert values == {"gift_amount": {"Voucher Type": "GIFT_VOUCHER"}, "discount_value": {"Voucher Type": "DISCOUNT_VOUCHER"}}


def test_json_counts_money_in_minor_units_and_percentages_as_written() -> None:
    values = [one for one in layout("voucherify_json").fields if one.column == "discount_value"]
    assert {one.when["discount.type"]: one.unit for one in values} == {
        "AMOUNT": "minor",
        "PERCENT": "major",
        "FIXED": "minor",
        "UNIT": "major",
    }


def test_coupon_carrier_takes_csv_or_lines() -> None:
    assert layout("coupon_carrier").or_lines
    assert not layout("coupon_carrier_csv").or_lines
    assert layout("coupon_carrier_lines").format == "lines"
    assert layout("coupon_carrier").unmapped == Unmapped(to="drop")


@pytest.mark.parametrize("as_path", [str, Path])
def test_a_layout_of_ones_own_is_found_by_path(tmp_path: Path, as_path: type) -> None:
    file = tmp_path / "acme.toml"
    file.write_text(SMALLEST, encoding="utf-8")
    assert layout(as_path(file)) == Layout(
        name="acme",
        title="ACME",
        reference="ACME's manual",
        format="csv",
        fields=(Field(column="code", source="Code", kind="text"),),
        dialect=Dialect(),
        unmapped=Unmapped(),
    )


def test_a_path_counts_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme.toml").write_text(SMALLEST, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert layout("acme.toml").name == "acme"


def test_an_empty_quote_means_that_nothing_is_quoted(tmp_path: Path) -> None:
    file = tmp_path / "acme.toml"
    file.write_text(SMALLEST + '[dialect]\nquote = ""\n', encoding="utf-8")
    assert layout(file).dialect.quote is None


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "acme.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode())
    assert layout(file).name == "acme"


def test_lists_and_tables_arrive_frozen_in_shape(tmp_path: Path) -> None:
    file = tmp_path / "acme.toml"
    file.write_text(SMALLEST + 'nulls = ["-", "n/a"]\nvalues = { "A" = "a" }\n[unmapped]\nto = "drop"\ndrop = ["x"]\n', encoding="utf-8")
    loaded = layout(file)
    assert (loaded.fields[0].nulls, loaded.fields[0].values, loaded.unmapped.drop) == (("-", "n/a"), {"A": "a"}, ("x",))


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(LayoutError, match=r"^no layout is called 'voucherify_csv'$") as caught:
        layout("voucherify_csv")
    assert caught.value.hint == (
        "did you mean 'voucherify_json'? shipped: coupon_carrier, coupon_carrier_csv, coupon_carrier_lines, voucherify_campaign_csv, "
        "voucherify_json, voucherify_standalone_csv; give one of your own by its path"
    )


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=r"acme\.toml: no such file$") as caught:
        layout(tmp_path / "acme.toml")
    assert "working directory" in caught.value.hint


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=r": is a directory$"):
        layout(tmp_path)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "acme.toml"
    file.write_bytes(b'name = "acme"\ntitle = "Caf\xe9"\n')
    with pytest.raises(LayoutError) as caught:
        layout(file)
    assert (caught.value.message, caught.value.hint) == (f"{file}:2: not UTF-8: invalid continuation byte", "save the file as UTF-8")


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LayoutError, match=r"cannot be read: Not a directory$"):
        layout(tmp_path / "file" / "acme.toml")
