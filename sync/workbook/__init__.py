"""The workbook round trip: written out prefilled, taken back, merged cell by cell, and answered."""
