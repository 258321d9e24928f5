"""Sheets: what was seen of a client or receiver, rule by rule, and its renderings."""
