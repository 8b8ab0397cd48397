"""What schemathesis cannot know of the API: a workbook is sent as the bytes it is."""

import schemathesis

# What is no workbook must be refused in words.
schemathesis.serializer.alias(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream"
)
