"""Facts as OpenLineage datasets. Only imported where the OpenLineage client is installed.

Facets as in https://openlineage.io/docs/spec/facets: schema, statistics, data quality metrics and assertions. Local files have the
namespace `file`.
"""

from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    InputDatasetFacet,
    data_quality_assertions_dataset,
    data_quality_metrics_input_dataset,
    input_statistics_input_dataset,
    output_statistics_output_dataset,
    schema_dataset,
)

from vbatch.lineage.facts import Assertion, Dataset, Lineage

NAMESPACE = "file"


def inputs(lineage: Lineage) -> list[InputDataset]:
    """What was read, with schema, sizes and an assertion for each fault."""
    return [InputDataset(NAMESPACE, one.name, facets=_schema(one), inputFacets=_read(one)) for one in lineage.inputs]


def outputs(lineage: Lineage) -> list[OutputDataset]:
    """What was written, with schema and sizes."""
    return [
        OutputDataset(
            NAMESPACE,
            one.name,
            facets=_schema(one),
            outputFacets={
                "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                    rowCount=one.rows, size=one.bytes, fileCount=one.files
                )
            },
        )
        for one in lineage.outputs
    ]


def _schema(dataset: Dataset) -> dict[str, DatasetFacet]:
    if not dataset.columns:
        return {}
    fields = [schema_dataset.SchemaDatasetFacetFields(name=name, type=dtype) for name, dtype in dataset.columns]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)}


def _read(dataset: Dataset) -> dict[str, InputDatasetFacet]:
    if dataset.rows is None:
        return {}
    facets: dict[str, InputDatasetFacet] = {
        "inputStatistics": input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
            rowCount=dataset.rows, size=dataset.bytes, fileCount=dataset.files
        ),
        "dataQualityMetrics": data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
            columnMetrics={}, rowCount=dataset.rows, bytes=dataset.bytes, fileCount=dataset.files
        ),
    }
    if dataset.assertions:
        told = [_assertion(one) for one in dataset.assertions]
        facets["dataQualityAssertions"] = data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(assertions=told)
    return facets


def _assertion(one: Assertion) -> data_quality_assertions_dataset.Assertion:
    return data_quality_assertions_dataset.Assertion(
        assertion=one.fault,
        success=one.rows == 0,
        column=one.column,
        severity="warn" if one.severity == "warning" else "error",
        description=one.title,
        expected="0",
        actual=str(one.rows),
    )
