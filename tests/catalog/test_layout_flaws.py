"""Every way in which a layout can be wrong: the line, the sentence and the hint."""

from pathlib import Path

import pytest

from vbatch import LayoutError, layout

CODE = """\
name = "acme"
title = "ACME"
reference = "ACME's manual"
format = "csv"

[[fields]]
column = "code"
source = "Code"
kind = "text"
"""
"""Nine lines, and valid."""

AMOUNT = CODE + '\n[[fields]]\ncolumn = "gift_amount"\nsource = "Amount"\nkind = "amount"\n'
"""Fourteen lines, lacking unit and decimals; the field starts in line 11."""

WHOLE = AMOUNT + 'unit = "major"\ndecimals = 2\n'
"""Sixteen lines, and valid."""

DATE = CODE + '\n[[fields]]\ncolumn = "expires_at"\nsource = "Expiry"\nkind = "timestamp"\n'
"""Fourteen lines, lacking formats."""

ACTIVE = CODE + '\n[[fields]]\ncolumn = "active"\nsource = "Active"\nkind = "boolean"\n'
"""Fourteen lines, lacking true and false."""

LINES = CODE.replace('"csv"', '"lines"').replace('"Code"', "1")
JSON = CODE.replace('"csv"', '"json"')

SYNTAX = [
    ("name = acme\n", "1: not TOML: invalid value", "texts stand in quotes"),
    (CODE + 'kind = "text"\n', "10: not TOML: cannot overwrite a value", "https://toml.io"),
    (CODE + 'nulls = ["-"\n', "10: not TOML: unclosed array", "lists in [brackets]"),
    (CODE + 'nulls = """\nnever closed\n', "10: not TOML: unterminated string", "texts stand in quotes"),
    ("", "1: `name` is missing", "a layout needs name, title, reference, format, fields"),
]

KEYS = [
    (CODE.replace("title", "titel"), "2: unknown key `titel`", "did you mean 'title'? "),
    (CODE + 'knd = "x"\n', "10: unknown key `knd`", "did you mean 'kind'? "),
    (CODE + 'delimiter = ";"\n', "10: unknown key `delimiter`", "it belongs under [dialect]; known here: column, source, kind"),
    (CODE.replace("column", "colum"), "7: unknown key `colum`", "did you mean 'column'? "),
    (CODE + '[dialect]\nencoding = "utf-8"\nqoute = "x"\n', "12: unknown key `qoute`", "did you mean 'quote'? "),
    (CODE + 'dialect = { delimitr = ";" }\n', "10: unknown key `dialect`", "known here: column"),
    ('dialect = { delimitr = ";" }\n' + CODE, "1: unknown key `delimitr`", "did you mean 'delimiter'? "),
    ('dialect.delimitr = ";"\n' + CODE, "1: unknown key `delimitr`", "did you mean 'delimiter'? "),
    ('\n# Our shop\n"unmaped" = 1\n' + CODE, "3: unknown key `unmaped`", "did you mean 'unmapped'? "),
    (CODE.replace('kind = "text"\n', ""), "6: `kind` is missing", "a field needs column, source, kind"),
    (AMOUNT.replace('kind = "amount"\n', ""), "11: `kind` is missing", "a field needs column, source, kind"),
    (CODE.replace('title = "ACME"\n', ""), "1: `title` is missing", "a layout needs name, title, reference, format, fields"),
]

TYPES = [
    (
        CODE.replace('"text"', '"txt"'),
        "9: `kind` must be 'text', 'json', 'boolean', 'integer', 'integers', 'amount' or 'timestamp', not \"txt\"",
        "did you mean 'text'?",
    ),
    (
        CODE.replace('"csv"', '"xml"'),
        "4: `format` must be 'csv', 'lines', 'fixed', 'json', 'parquet' or 'xlsx', not \"xml\"",
        "write one of 'csv', 'lines', 'fixed', 'json', 'parquet' or 'xlsx'",
    ),
    (CODE.replace('"acme"', "1"), "1: `name` must be a text, not 1", 'put it in quotes: "…"'),
    (CODE.replace('"acme"', "2021-01-01"), '1: `name` must be a text, not "2021-01-01"', 'put it in quotes: "…"'),
    (CODE.replace('"Code"', "true"), "8: `source` must be a text or a whole number, not true", "name the source field"),
    (CODE + 'required = "yes"\n', '10: `required` must be true or false, not "yes"', "without quotes"),
    (CODE + 'nulls = "-"\n', '10: `nulls` must be a list, not "-"', 'write ["…", "…"]'),
    (CODE + 'nulls = [\n  "-",\n  0,\n]\n', "10: each of `nulls` must be a text, not 0", "put it in quotes"),
    (CODE + 'values = ["a"]\n', '10: `values` must be a table, not ["a"]', 'write { "old" = "new" }'),
    (CODE + "values.a = 1\n", "10: `a` must be a text, not 1", "put it in quotes"),
    (CODE + '[fields.values]\nb = "b"\na = 1\n', "12: `a` must be a text, not 1", "put it in quotes"),
    (CODE + "[dialect]\nskip_rows = 1.0\n", "11: `skip_rows` must be a whole number, not 1.0", "digits without quotes"),
    (CODE + "[dialect]\nheader = 1\n", "11: `header` must be true or false, not 1", "without quotes"),
    ("dialect = 1\n" + CODE, "1: `dialect` must be a table, not 1", "write it as a table of its own"),
    (CODE.partition("[[")[0] + "fields = [5]\n", "6: each of `fields` must be a table, not 5", "write it as a table of its own"),
    (CODE + f'nulls = "{"x" * 99}"\n', f'10: `nulls` must be a list, not "{"x" * 59}…', 'write ["…", "…"]'),
]

DIALECTS = [
    ('delimiter = ";;"', "11: `delimiter` cannot be ';;'", "use one ASCII character"),
    ('delimiter = ""', "11: `delimiter` cannot be ''", "use one ASCII character"),
    ('delimiter = "\\n"', "11: `delimiter` cannot be '\\n'", "use one ASCII character"),
    ('delimiter = "¦"', "11: `delimiter` cannot be '¦'", "use one ASCII character"),
    ('quote = "\\r"', "11: `quote` cannot be '\\r'", 'or "" for none'),
    ('delimiter = ";"\nquote = ";"', "12: delimiter and quote are both ';'", 'write quote = ""'),
    ('delimiter = "\\""', "10: delimiter and quote are both '\"'", 'write quote = ""'),
    ('encoding = "utf9"', "11: no encoding is called 'utf9'", "did you mean 'utf-8'? "),
    ('encoding = "base64"', "11: no encoding is called 'base64'", "use a name such as utf-8"),
    ("skip_rows = -1", "11: `skip_rows` cannot be -1", "use a whole number from 0 on"),
    ("max_record_bytes = 0", "11: `max_record_bytes` cannot be 0", "use a whole number from 1 on"),
    ("header = false", "8: `source` cannot be 'Code' where there is no header", "give the position, from 1"),
]

FIELDS = [
    (CODE + 'unit = "major"\n', "10: `unit` means nothing for the kind text", "did you mean the kind amount?"),
    (CODE + 'decimal_mark = "."\n', "10: `decimal_mark` means nothing for the kind text", "did you mean the kind integer or amount?"),
    (WHOLE + 'values = { "a" = "b" }\n', "17: `values` means nothing for the kind amount", "did you mean the kind text?"),
    (CODE.replace('"code"', '"Code"'), "7: 'Code' cannot be a column", "lower-case letters"),
    (WHOLE.replace('"gift_amount"', '"_record"'), "12: '_record' cannot be a column", "lower-case letters"),
    (WHOLE.replace('"gift_amount"', '"metadata"'), "12: `metadata` holds what no field maps", "remove the field"),
    (CODE + 'nulls = ["A"]\nvalues = { "A" = "b" }\n', "11: 'A' stands in both `nulls` and `values`", "one thing only"),
    (ACTIVE + 'false = ["no"]\n', "11: a boolean needs `true`", 'such as true = ["true"]'),
    (ACTIVE + 'true = ["yes"]\n', "11: a boolean needs `false`", 'such as false = ["false"]'),
    (ACTIVE + 'true = ["1"]\nfalse = ["0", "1"]\n', "16: '1' stands in both `true` and `false`", "one thing only"),
    (ACTIVE + 'true = ["1"]\nfalse = ["0"]\nnulls = ["0"]\n', "16: '0' stands in both `nulls` and `false`", "one thing only"),
    (AMOUNT + "decimals = 2\n", "11: an amount needs `unit`", '"minor" if it is written 1250'),
    (AMOUNT + 'unit = "minor"\n', "11: an amount needs `decimals`, `currency` or `currency_source`", "write decimals = 2"),
    (WHOLE + 'currency = "EUR"\n', "17: `decimals` and `currency` exclude each other", "keep the currency"),
    (WHOLE.replace("= 2", "= 5"), "16: `decimals` cannot be 5", "0 to 4"),
    (AMOUNT + 'unit = "major"\ncurrency = "EURO"\n', "16: no currency has the code 'EURO'", "did you mean 'EUR'? "),
    (AMOUNT + 'unit = "major"\ncurrency = "DEM"\n', "16: no currency has the code 'DEM'", "`decimals` for a withdrawn currency"),
    (WHOLE + 'decimal_mark = ",,"\n', "17: `decimal_mark` cannot be ',,'", "one character"),
    (WHOLE + 'thousands_mark = "0"\n', "17: `thousands_mark` cannot be '0'", "one character"),
    (WHOLE + 'thousands_mark = "."\n', "17: decimals and thousands both have the mark '.'", "stands before the decimals"),
    (
        WHOLE + 'thousands_mark = ","\ndecimal_mark = ","\n',
        "17: decimals and thousands both have the mark ','",
        "stands before the decimals",
    ),
    (
        CODE + '[[fields]]\ncolumn = "validity_days"\nsource = "D"\nkind = "integers"\nseparator = ""\n',
        "14: `separator` is empty",
        "between two integers",
    ),
    (DATE, "11: a timestamp needs `formats`", 'write formats = ["iso"]'),
    (
        DATE + 'formats = ["iso"]\ndate_only = "end_of_day"\n',
        "11: times in the form 'iso' may have no offset, so the field needs `zone`",
        'zone = "UTC"',
    ),
    (
        DATE + 'formats = ["iso"]\nzone = "UTC"\n',
        "11: texts in the form 'iso' may be dates without a time, so the field needs `date_only`",
        "end_of_day",
    ),
    (
        DATE + 'formats = ["%d.%m.%Y"]\nzone = "Europe/Berlin"\n',
        "11: texts in the form '%d.%m.%Y' may be dates without a time, so the field needs `date_only`",
        "as the old platform means it",
    ),
    (
        DATE + 'formats = ["%d.%m.%Y %H:%M"]\n',
        "11: times in the form '%d.%m.%Y %H:%M' may have no offset, so the field needs `zone`",
        "old platform",
    ),
    (
        DATE + 'formats = ["iso"]\ndate_only = "start_of_day"\nzone = "Europe/Berln"\n',
        "17: no time zone is called 'Europe/Berln'",
        "such as Europe/Berlin",
    ),
    (DATE + 'formats = ["iso"]\ndate_only = "start_of_day"\nzone = "PST"\n', "17: no time zone is called 'PST'", "such as Europe/Berlin"),
    (
        DATE + 'formats = ["iso"]\ndate_only = "start_of_day"\nzone = "+02:00"\n',
        "17: no time zone is called '+02:00'",
        "such as Europe/Berlin",
    ),
    (DATE + 'zone = "UTC"\nformats = ["%d-%m-%Y %h:%i"]\n', "16: no instant can be read with '%d-%m-%Y %h:%i': %h is not known", "chrono"),
    (
        DATE + 'formats = ["%Y-%m-%d %H:%M:%S.%fZ"]\n',
        "15: no instant can be read with '%Y-%m-%d %H:%M:%S.%fZ': %f would read .5 as 5 nanoseconds; write %3f, %6f or %9f",
        "chrono",
    ),
]

MAPPINGS = [
    (CODE.replace('"code"', '"campaign"'), "1: no field maps the column `code`", 'column = "code"'),
    (CODE.replace('"text"', '"integer"'), "9: `code` must be text, not integer", "leading zeros"),
    (CODE + '\n[[fields]]\ncolumn = "code"\nsource = "Alias"\nkind = "text"\n', "12: `code` is mapped twice", "customers have"),
    (CODE.replace('"Code"', "1"), "8: `source` cannot be the position 1", "declare header = false"),
    (JSON.replace('"Code"', "1"), "8: `source` cannot be the position 1", "name the source field"),
    (WHOLE + WHOLE[len(CODE) :], "18: `gift_amount` is mapped twice, and one record can match both", "different texts"),
    (
        WHOLE + 'when = { "T" = "a" }\n' + WHOLE[len(CODE) :] + 'when = { "T" = "a", "U" = "b" }\n',
        "25: `gift_amount` is mapped twice, and one record can match both",
        "the same source field",
    ),
    (
        WHOLE + 'when.T = "a"\n' + WHOLE[len(CODE) :].replace("decimals = 2", 'currency = "JPY"') + '[fields.when]\nT = "b"\n',
        "19: `gift_amount` has 2 decimals in one field and 0 in this one",
        "one number of decimals",
    ),
    (
        WHOLE + 'when = { "T" = "a" }\n\n[[fields]]\ncolumn = "gift_amount"\nsource = "x"\nkind = "text"\nwhen = { "T" = "b" }\n',
        "22: `gift_amount` is amount in one field and text in this one",
        "a column has one kind",
    ),
    (LINES.replace("1", '"Code"'), "8: `source` cannot be 'Code' where there is no header", "give the position"),
    (LINES.replace("1", "2"), "8: the format lines has one field, with source = 1", "else it is csv"),
    (LINES.replace("1", "0"), "8: `source` cannot be 0 where there is no header", "give the position, from 1"),
    (
        LINES + '[[fields]]\ncolumn = "category"\nsource = 2\nkind = "text"\n',
        "4: the format lines has one field, with source = 1",
        "else it is csv",
    ),
    (LINES + '[dialect]\ndelimiter = ";"\n', "11: `delimiter` means nothing in the format lines", "did you mean the format csv?"),
    (JSON + "[dialect]\nheader = false\n", "11: `header` means nothing in the format json", "did you mean the format csv?"),
    ("or_lines = true\n" + JSON, "1: `or_lines` is for the format csv with a header and one field", "fills one column"),
    ("or_lines = true\n" + WHOLE, "1: `or_lines` is for the format csv with a header and one field", "fills one column"),
    (
        CODE.replace('"Code"', "1") + 'when = { "Type" = "x" }\n[dialect]\nheader = false\n',
        "10: `when` cannot name 'Type' where there is no header",
        "the position in quotes",
    ),
    (CODE + '[unmapped]\ndrop = ["Code"]\n', "11: 'Code' is mapped by a field and dropped", "the one or the other"),
]


@pytest.mark.parametrize(("text", "message", "hint"), [*SYNTAX, *KEYS, *TYPES, *FIELDS, *MAPPINGS], ids=lambda value: str(value)[-60:])
def test_a_flaw_is_named_with_its_line(tmp_path: Path, text: str, message: str, hint: str) -> None:
    file = tmp_path / "acme.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LayoutError) as caught:
        layout(file)
    assert caught.value.message == f"{file}:{message}"
    assert hint in caught.value.hint


@pytest.mark.parametrize(("keys", "message", "hint"), DIALECTS)
def test_a_flaw_of_the_dialect_is_named_with_its_line(tmp_path: Path, keys: str, message: str, hint: str) -> None:
    test_a_flaw_is_named_with_its_line(tmp_path, f"{CODE}[dialect]\n{keys}\n", message, hint)


@pytest.mark.parametrize("text", [CODE, WHOLE, LINES, JSON, "or_lines = true\n" + CODE])
def test_the_texts_that_the_flaws_are_made_of_are_valid(tmp_path: Path, text: str) -> None:
    file = tmp_path / "acme.toml"
    file.write_text(text, encoding="utf-8")
    assert layout(file).name == "acme"


def test_of_several_flaws_the_first_in_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "acme.toml"
    file.write_text(AMOUNT + '\n[dialect]\ndelimiter = ";;"\n', encoding="utf-8")
    with pytest.raises(LayoutError, match=r":11: an amount needs `unit`$"):
        layout(file)


def test_a_long_layout_is_searched_in_no_time(tmp_path: Path) -> None:
    file = tmp_path / "acme.toml"
    more = "".join(f'\n[[fields]]\ncolumn = "c{number}"\nsource = "{number}"\nkind = "text"\n' for number in range(300))
    file.write_text(CODE + more + "zone = 'UTC'\n", encoding="utf-8")
    with pytest.raises(LayoutError, match=r":1510: `zone` means nothing for the kind text$"):
        layout(file)
