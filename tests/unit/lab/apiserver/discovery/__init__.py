"""Tests of lab.apiserver.discovery."""
