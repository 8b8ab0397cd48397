"""Every module of shapes, in the order the OpenAPI document names them."""

from typing import Final

from api.shapes import (
    account,
    audit,
    change,
    collection,
    common,
    finding,
    history,
    matching,
    outcome,
    plan,
    policy,
    raw_page,
    record,
    register,
    rollup,
    search,
    status,
    template,
    work,
    workbook,
)

SHAPES: Final = (
    audit,
    common,
    plan,
    status,
    finding,
    record,
    matching,
    collection,
    workbook,
    template,
    policy,
    outcome,
    rollup,
    raw_page,
    register,
    change,
    history,
    search,
    work,
    account,
)
