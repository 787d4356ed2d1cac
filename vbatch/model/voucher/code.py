"""The schema of a bare code, and what is wrong with codes everywhere."""

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from vbatch.model.rule import Forbidden

# U+00A0 and the Hangul fillers look like a space or like nothing, and are not of category Cf.
INVISIBLE = r"[\p{Cf}\p{Zl}\p{Zp}\x{00A0}\x{034F}\x{115F}\x{1160}\x{3164}\x{FFA0}]"
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
SPREADSHEET = (
    r"^-?[0-9]+(?:[.,][0-9]+)?[eE]\+[0-9]+$|^-?[0-9]+[.,][0-9]+[eE]-[0-9]+$|^[0-9]+[.,]0+$|^[='].*"
    r"|^#(?:NAME\?|REF!|VALUE!|N/A|NUM!|DIV/0!|NULL!)$"
    rf"|^[0-9]{{1,2}}-(?:{MONTHS})(?:-[0-9]{{2,4}})?$|^(?:{MONTHS})-[0-9]{{2}}$"
)
MASKED = r"\*{2,}|[•●∙]{2,}|^(?:[xX]{4}[- ]?){2,}"


def without(forbidden: str, data: PolarsData) -> pl.LazyFrame:
    """Texts in which a pattern does not occur."""
    return data.lazyframe.select(~pl.col(data.key).str.contains(forbidden))


class Code(pa.DataFrameModel):
    """A bare unique code. Coupon Carrier sends it out exactly as imported, so it may be any visible text, even a URL."""

    code: str = pa.Field(nullable=False)

    class Config:
        """Read by vbatch: what kind of voucher the rows are."""

        metadata = {"kind": "code"}  # noqa: RUF012 - pandera reads it as a plain class attribute

    @pa.check(
        "code",
        title="White space around the code",
        error="{value} starts or ends with white space",
        description="a customer types the printed code without it; remove it at the source",
        forbidden=Forbidden(r"^\s|\s$"),
    )
    def code__surrounding_space(cls, data: PolarsData, *, forbidden: str) -> pl.LazyFrame:
        """No white space before or after the code."""
        return without(forbidden, data)

    @pa.check(
        "code",
        title="White space inside the code",
        error="{value} has white space inside",
        description="find out whether the code is two codes or a code with a grouping that customers do not type",
        forbidden=Forbidden(r"\S\s+\S"),
    )
    def code__inner_space(cls, data: PolarsData, *, forbidden: str) -> pl.LazyFrame:
        """No white space between the characters of the code."""
        return without(forbidden, data)

    @pa.check(
        "code",
        title="Control character in the code",
        error="{value} holds a control character",
        description="tabs, line breaks and other control characters cannot be typed; remove them at the source",
        forbidden=Forbidden(r"\p{Cc}"),
    )
    def code__control(cls, data: PolarsData, *, forbidden: str) -> pl.LazyFrame:
        """No character of the Unicode category Cc."""
        return without(forbidden, data)

    @pa.check(
        "code",
        title="Invisible character in the code",
        error="{value} holds an invisible character",
        description="zero-width characters, soft hyphens and no-break spaces come from copying out of web pages; remove them at the source",
        forbidden=Forbidden(INVISIBLE),
    )
    def code__invisible(cls, data: PolarsData, *, forbidden: str) -> pl.LazyFrame:
        """No format character and nothing that looks like a space or like nothing."""
        return without(forbidden, data)

    @pa.check(
        "code",
        title="Code damaged by a spreadsheet",
        error="{value} is what a spreadsheet makes of a code",
        description="the original code cannot be told from it; export again and do not open the file in a spreadsheet",
        forbidden=Forbidden(SPREADSHEET),
    )
    def code__spreadsheet_damage(cls, data: PolarsData, *, forbidden: str) -> pl.LazyFrame:
        """No 1.23E+15, 12345.0, =A1, '00123, #REF! or 1-Mar."""
        return without(forbidden, data)

    @pa.check(
        "code",
        title="Masked code",
        error="{value} is masked",
        description="the old platform hid the code; export with full codes or join them from where they are kept",
        forbidden=Forbidden(MASKED),
    )
    def code__masked(cls, data: PolarsData, *, forbidden: str) -> pl.LazyFrame:
        """No ****1234."""
        return without(forbidden, data)

    @pa.check(
        "code",
        title="Long number ending in zeros",
        error="{value} has nothing but zeros after its 15th digit",
        description="spreadsheets keep 15 digits of a number; compare with the printed code",
        raise_warning=True,
        forbidden=Forbidden(r"^[1-9][0-9]{14}0{3,}$"),
    )
    def code__lost_precision(cls, data: PolarsData, *, forbidden: str) -> pl.LazyFrame:
        """Numbers of 18 digits and more keep something but zeros after the 15th; spreadsheets leave no zeros before them."""
        return without(forbidden, data)
