"""The custom resources of group `nvidia.com` as pydantic models, their schemas and their validation rules.

One module per kind. A model is a typed view of what a user wrote: it keeps unknown fields, adds no default when it is
written back, and leaves the judgement of values to the schema (`crds`) and the rules (`validation`).
"""
