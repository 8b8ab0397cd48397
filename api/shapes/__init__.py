"""The shapes of the API's answers, for the OpenAPI document: one module a part of the model."""
