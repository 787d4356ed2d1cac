"""What a user would write instead of `vbatch validate`, one peer a process.

python tests/benchmarks/peers.py {copy,polars,duckdb,dataframely} EXPORT OUT

copy         reads as text and writes Parquet; checks nothing
polars       one lazy plan, two sinks, a group-by for repeated codes
duckdb       one SQL script
dataframely  a schema that filters in memory; `uv sync --group benchmarks` installs it

All but the first check the same and accept the same rows. They keep no registry, positions, messages or hashes. vbatch judges more: what
stands in codes, placeholder dates, decimals beyond the cent, the structure of records; but it lets all be missing except code and amount.
On exports of `exports.py` it accepts all that they do, and a few more: a bad row does not take the code from a good one. (Of equal rows it
keeps the first, where they refuse every row of a repeated code; those exports have none.)
"""

import sys
from pathlib import Path

SCRIPT = r"""
create temp table judged as
with typed as (
    select
        * replace (
            try_cast("Gift Amount" as decimal(18, 2)) as "Gift Amount",
            try_cast("Redeemed Amount" as decimal(18, 2)) as "Redeemed Amount",
            case
                when regexp_full_match("Redeemed Quantity", '-?\d+') then try_cast("Redeemed Quantity" as bigint)
            end as "Redeemed Quantity",
            case Active when 'true' then true when 'false' then false end as Active
        ),
        try_strptime("Start Date", getvariable('forms')) as starts_at,
        try_strptime("Expiration Date", getvariable('forms')) as expires_at
    from read_csv(getvariable('export'), header = true, all_varchar = true)
)
select
    *,
    count(*) over (partition by Code) = 1 and ifnull(
        regexp_full_match(Code, '\S+')
        and Active is not null
        and "Gift Amount" >= 0
        and "Redeemed Amount" between 0 and "Gift Amount"
        and "Redeemed Quantity" >= 0
        and starts_at <= expires_at,
        false
    ) as good
from typed;

copy (from judged where good) to (getvariable('out') || '/good.parquet') (compression zstd, compression_level 1);
copy (from judged where not good) to (getvariable('out') || '/bad.parquet') (compression zstd, compression_level 1);
"""
FORMS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%gZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H"]


def duckdb(export: str, out: Path) -> None:
    """Judge an export and write good and bad rows."""
    import duckdb as library  # noqa: PLC0415 - the others do without

    connection = library.connect()
    for name, value in {"export": export, "out": str(out), "forms": FORMS}.items():
        connection.execute(f"set variable {name} = $value", {"value": value})
    connection.execute(SCRIPT)


def main(peer: str, export: str, out: Path) -> None:
    """Let a peer do its work."""
    out.mkdir(parents=True, exist_ok=True)
    if peer == "duckdb":
        duckdb(export, out)
        return
    import frames  # noqa: PLC0415 - DuckDB does without polars

    {"copy": frames.copy, "polars": frames.polars, "dataframely": frames.dataframely}[peer](export, out)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
