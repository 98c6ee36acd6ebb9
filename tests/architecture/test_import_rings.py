"""No two modules of ours import each other, however far the way round."""

from __future__ import annotations

import grimp

HOUSES = ("config", "frontend", "booking", "centres", "notifications")


def test_there_is_no_ring_of_imports() -> None:
    graph = grimp.build_graph(*HOUSES, cache_dir=None)
    rings = []
    for module in sorted(graph.modules):
        for imported in graph.find_modules_directly_imported_by(module):
            back = graph.find_shortest_chain(importer=imported, imported=module)
            if back:
                rings.append(" → ".join((module, *back)))
    assert rings == []
