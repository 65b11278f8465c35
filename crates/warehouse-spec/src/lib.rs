//! The types of a Kargo Warehouse and its Freight: every edition of the manifest, its defaults and its validation
