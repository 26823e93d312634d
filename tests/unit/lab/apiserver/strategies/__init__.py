"""Tests of lab.apiserver.strategies."""
