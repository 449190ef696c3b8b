"""Helpers that every room uses: errors, ids, time, pagination, encryption. Imports no other room."""
