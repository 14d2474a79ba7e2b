//! The website and its API as one stateless axum router.
