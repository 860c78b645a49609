"""The tables and pictures of a benchmark, from benchmark.json alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dlfun.report.text.table import text_table

Found = Mapping[str, Any]
WORDS = ("work", "peer", "layout", "note", "verdict")
MEANING = (
    "Medians over repeats; spread is (largest - smallest) / median. A ratio is the peer's time "
    "over dlfun's, for one step of one member, timed in turns: above 1 dlfun is faster. Losses "
    "differ: by this part at most in the first steps, and by this part of what learning did to "
    "them. Operations and bytes by XLA's "
    "account of one step, what caches serve included; peaks: a float32 product of 2048^3, and a "
    "copy in memory."
)
DISTURBED = 0.1
"""The part of the cores that others may have before it is said."""


def middle(values: Sequence[float]) -> float:
    """The median."""
    return float(np.median(values))


def spread(values: Sequence[float]) -> str:
    """(Largest - smallest) / median, in per cent."""
    return f"{100 * (max(values) - min(values)) / middle(values):.0f} %"


def digits(value: float) -> str:
    """Three digits, and thousands parted.

    >>> digits(12345.6), digits(0.0123456)
    ('12,346', '0.0123')
    """
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def timed(found: Found) -> list[Found]:
    """The rows that have times."""
    return [row for row in found["rows"] if row["status"] == "ok"]


def share(amount: float, peak: float) -> str:
    """A rate in thousand millions, and beside it in per cent of the peak."""
    return f"{digits(amount / 1e9)} ({100 * amount / peak:.0f} %)"


def member_step(row: Found) -> float:
    """Seconds of one step of one member."""
    return middle(row["step_seconds"]) / row["members"]


def speed_cells(row: Found, device: Found) -> dict[str, str]:
    """How fast dlfun is."""
    each = member_step(row)
    return {
        "work": row["work"],
        "members": str(row["members"]),
        "layout": row["layout"],
        "ms/step": digits(1e3 * middle(row["step_seconds"])),
        "spread": spread(row["step_seconds"]),
        "ms/member step": digits(1e3 * each),
        "examples/s": digits(row["batch_size"] / each),
        "GFLOP/s": share(row["flops"] / each, device["flops_per_second"]),
        "GB/s": share(row["bytes"] / each, device["bytes_per_second"]),
    }


def mebibytes(count: float | None) -> str:
    """Bytes in MiB."""
    return "not told" if count is None else digits(count / 2**20)


def start_cells(row: Found) -> dict[str, str]:
    """What comes before the steady state, and the memory."""
    phases = {f"{name} s": f"{row['phases'][name]:.2f}" for name in ("trace", "lower", "compile")}
    return {
        "work": row["work"],
        **phases,
        "first run s": f"{row['first_run_seconds']:.2f}",
        "memory predicted MiB": mebibytes(row["predicted_bytes"]),
        "measured MiB": mebibytes(row["measured_bytes"]),
    }


def peer_cells(row: Found, peer: Found) -> dict[str, str]:
    """One peer beside dlfun."""
    times, ratio = peer.get("step_seconds"), peer.get("ratio")
    note = f"{peer['status']}: {peer['why']}" if peer["why"] else ""
    if times and peer["members"] < row["members"]:
        note = note or f"one member of the {row['members']}"
    differ, part = peer.get("largest_difference"), peer.get("of_learning")
    return {
        "work": row["work"],
        "peer": peer["peer"],
        "ms/member step": digits(1e3 * middle(times) / peer["members"]) if times else "-",
        "dlfun": digits(1e3 * member_step(row)),
        "ratio": digits(ratio["median"]) if ratio else "-",
        "lowest": digits(ratio["low"]) if ratio else "-",
        "highest": digits(ratio["high"]) if ratio else "-",
        "losses differ": "-" if differ is None else f"{differ:.1e}",
        "of learning": "-" if part is None else f"{part:.1e}",
        "note": note,
    }


def published_lines(row: Found) -> Iterator[str]:
    """The whole command, in words."""
    if row["status"] != "ok":
        yield f"{row['title']}: {row['status']}: {row['why']}"
        return
    yield f"{row['title']}, whole command: dlfun {digits(row['seconds'])} s"
    for peer in row["peers"]:
        if peer["status"] == "ok":
            yield (
                f"  {peer['peer']}: {digits(peer['seconds'])} s, {peer['why']}; ratio "
                f"{digits(peer['ratio'])}, losses differ by "
                f"{peer['largest_difference']:.1e} at most"
            )
        else:
            yield f"  {peer['peer']}: {peer['status']}: {peer['why']}"


def energy(joules: float | None) -> str:
    """Joules of a run of 1,000 steps."""
    return "not told" if joules is None else digits(joules)


def scaling_cells(curve: Found) -> Iterator[dict[str, str]]:
    """A line a population."""
    first = middle(curve["points"][0]["member_steps_per_second"]) if curve["points"] else 1.0
    for point in curve["points"]:
        speed = middle(point["member_steps_per_second"])
        yield {
            "work": curve["work"],
            "members": str(point["members"]),
            "layout": point["layout"],
            "member steps/s": digits(speed),
            "times one": f"{speed / first:.2f}",
            "J a 1,000-step run": energy(point["joules_per_run"]),
        }


def verdict_cells(said: Found) -> dict[str, str]:
    """A row beside the baseline."""
    told = {name: said.get(name) for name in ("ratio", "low", "high")}
    cells = {name: "-" if value is None else f"{value:.3f}" for name, value in told.items()}
    return {"work": said["work"], **cells, "verdict": said["verdict"]}


def heading(found: Found) -> str:
    """The machine."""
    environment, device = found["environment"], found["device"]
    kinds = ", ".join(dict.fromkeys(environment["devices"]))
    return (
        f"{len(environment['devices'])} x {kinds} ({device['backend']}), {environment['cores']} "
        f"cores; matrix product {device['flops_per_second'] / 1e9:,.0f} GFLOP/s, copy "
        f"{device['bytes_per_second'] / 1e9:,.0f} GB/s"
    )


def elsewhere(found: Found) -> Iterator[str]:
    """That the baseline is of another machine, where it is."""
    old, new = found["baseline"] or {}, found["environment"]
    for name in ("devices", "cores"):
        if name in old and old[name] != new[name]:
            yield f"the baseline has other {name}: {old[name]}; its verdicts are of the machine too"


def disturbed(found: Found) -> Iterator[str]:
    """Rows and curves that did not have the machine for themselves."""
    rows = [(row["work"], row["others"]) for row in timed(found)]
    for curve in found["scaling"]:
        shares = [point["others"] or 0.0 for point in curve["points"]]
        rows.append((f"scaling of {curve['work']}", max(shares, default=0.0)))
    for name, share in rows:
        if share is not None and share > DISTURBED:
            yield f"{name}: other processes had up to {100 * share:.0f} % of the cores: unreliable"


def benchmark_tables(found: Found) -> str:
    """All tables of a benchmark, with what they mean below."""
    rows = timed(found)
    tables = [
        [speed_cells(row, found["device"]) for row in rows],
        [start_cells(row) for row in rows],
        [peer_cells(row, peer) for row in rows for peer in row["peers"]],
        [cells for curve in found["scaling"] for cells in scaling_cells(curve)],
        [verdict_cells(said) for said in found["verdicts"]],
    ]
    said = [f"{r['work']}: {r['status']}: {r['why']}" for r in found["rows"] if r["why"]]
    said += [f"{c['work']}: {c['stopped']}" for c in found["scaling"] if c["stopped"]]
    said += disturbed(found)
    said += elsewhere(found)
    said += published_lines(found["published"]) if found["published"] else []
    blocks = [text_table(table, WORDS) for table in tables if table]
    return "\n\n".join([heading(found), *blocks, *(["\n".join(said)] if said else []), MEANING])
