"""An OData v4 engine: a declarative entity model and a SQLAlchemy connection in, documents out.

It knows nothing of Muster's tables. `syntax` turns a URL into a tree and knows no model either.
"""
