"""The families as text in Prometheus' exposition format, made by its own client library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector, CollectorRegistry

from edge.metrics.families import FAMILIES, Family, MetricKind
from edge.metrics.histogram import Counts
from edge.metrics.snapshot import Snapshot

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""What every Prometheus and the node exporter's textfile collector read."""


def text_of(snapshot: Snapshot) -> bytes:
    """One scrape. The registry is our own: no default collector of the library is in it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Of(snapshot))
    return generate_latest(registry)


class _Of(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        for family in FAMILIES:
            yield _metric(family, self._snapshot)


def _metric(family: Family, snapshot: Snapshot) -> Metric:
    labels = tuple(family.labels)
    metric: GaugeMetricFamily | CounterMetricFamily
    match family.kind:
        case MetricKind.HISTOGRAM:
            assert family.counts is not None
            return _histogram(family, family.counts(snapshot))
        case MetricKind.COUNTER:
            metric = CounterMetricFamily(family.name, family.meaning, labels=labels)
        case MetricKind.GAUGE:
            metric = GaugeMetricFamily(family.name, family.meaning, labels=labels)
        case _:
            assert_never(family.kind)
    for values, number in family.rows(snapshot):
        metric.add_metric(values, number)
    return metric


def _histogram(family: Family, counts: Counts) -> HistogramMetricFamily:
    metric = HistogramMetricFamily(family.name, family.meaning, labels=())
    buckets, sum_up = [], 0
    for edge_s, count in zip((*counts.edges_s, float("inf")), counts.counts, strict=True):
        sum_up += count
        buckets.append(("+Inf" if edge_s == float("inf") else f"{edge_s:g}", float(sum_up)))
    metric.add_metric((), buckets, counts.sum_s)
    return metric
