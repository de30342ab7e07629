"""Models, one module for the chapter that shows it.

A model has ``fit(interactions) -> self`` and answers ``scores(users)``, an array of shape
(len(users), num_items). Where it can also continue a basket it has ``complete(baskets)``, and
where it has a notion of alike products it has ``similar(items, k) -> (indices, scores)``.
"""
