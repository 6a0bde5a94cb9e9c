//! The store against recorded objects, and its index against a full recompute.
