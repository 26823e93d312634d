"""ResourceQuotas: what objects use of them, who may still be created, and the status that tells how much is left.

`usage` says what one object uses and which quotas it is under, `ledger` refuses or charges a create, `controller`
counts again when something goes. Not done: quota on changes of an object (claims that grow, Services that change
their type), and the scope CrossNamespacePodAffinity.
"""
