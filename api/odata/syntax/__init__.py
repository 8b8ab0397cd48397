"""URLs of OData 4.01 as trees, by the OASIS ABNF: no model, no database.

`scanner` reads tokens and literals, `expression` what can be computed, `options` the system query options,
`apply` data aggregation, `resource` the path before the question mark. Depth is bounded, so that no input can
exhaust the stack; chains of `and` and `or` are flat.
"""
