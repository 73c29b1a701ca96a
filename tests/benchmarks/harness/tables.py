"""The measurements as Markdown: one table for each scenario, and one of all ratios."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from harness.load import Round
from harness.scenarios import Scenario

Rounds = Mapping[str, Sequence[Round]]


def ratios(rounds: Sequence[Round], baseline: Sequence[Round]) -> list[float]:
    """Return each round as a fraction of the raw loop's in the same round, which noise leaves comparable."""
    return [mine.per_cpu_second / raw.per_cpu_second for mine, raw in zip(rounds, baseline, strict=True)]


def ratio(value: float) -> str:
    """Return two digits that count: 0.71, 0.034."""
    return f"{value:.2f}" if value >= 0.095 else f"{value:.3f}"


def milliseconds(values: Iterable[float]) -> str:
    """Return the median; nothing where wrk, which times whole batches, measured nothing."""
    middle = median(values)
    return f"{middle:.2f}" if middle else "-"


def scenario_table(scenario: Scenario, rounds: Rounds, baseline: Sequence[Round]) -> str:
    """Return one scenario's table, the fastest server first."""
    lines = [
        f"\n### {scenario.title}\n",
        "| server | of raw | min-max | requests per CPU second | per second | p50 ms | p99 ms | errors |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    rows = [(median(ratios(own, baseline)), name, own) for name, own in rounds.items()]
    for middle, name, own in sorted(rows, key=lambda row: -row[0]):
        spread = ratios(own, baseline)
        lines.append(
            f"| {name} | **{ratio(middle)}** | {ratio(min(spread))}-{ratio(max(spread))} "
            f"| {median(each.per_cpu_second for each in own):,.0f} "
            f"| {median(each.requests / each.seconds for each in own):,.0f} "
            f"| {milliseconds(each.p50_ms for each in own)} | {milliseconds(each.p99_ms for each in own)} "
            f"| {sum(each.errors for each in own)} |"
        )
    return "\n".join(lines)


def summary_table(measured: Mapping[str, Rounds], baseline: str) -> str:
    """Return the medians of all scenarios side by side: servers down, scenarios across."""
    names = list(dict.fromkeys(name for rounds in measured.values() for name in rounds if name != baseline))
    lines = [f"\n### Of raw\n\n| server | {' | '.join(measured)} |", "|---" + "|--:" * len(measured) + "|"]
    for name in names:
        cells = [
            ratio(median(ratios(rounds[name], rounds[baseline]))) if name in rounds else "-"
            for rounds in measured.values()
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
