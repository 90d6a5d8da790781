//! The crypto provider clients need, also for plain HTTP.

/// Installs ring's, unless the program has chosen one.
pub(crate) fn install() {
    // An error means that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
