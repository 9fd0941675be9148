"""Classy (GoFundMe Pro) data as typed pandas DataFrames, from a notebook. Read-only."""
