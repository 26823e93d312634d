"""The admission rules of our kinds, as pure functions over the models.

Shared by the webhook and the reconciler, so that both give the same answer also when admission was bypassed.
Input: the new object, the old one on an update, who asks and what the installation allows. Output: a verdict. All
iterations are sorted, so that equal input has equal output; the texts are part of the contract and pinned by tests.
"""
