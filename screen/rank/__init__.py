"""How good the findings are, measured against what people judged."""
