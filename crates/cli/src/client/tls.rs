//! TLS to the server: whom to believe.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::settings::Settings;
use crate::text::Problem;

/// The TLS for the server of the settings.
pub(super) fn config(settings: &Settings) -> Result<ClientConfig, Problem> {
    let roots = match (&settings.ca, settings.url.scheme()) {
        (Some(file), _) => given(file)?,
        (None, "https") => of_the_system()?,
        // Looking through the system's takes longer than all the rest of a short command.
        _ => RootCertStore::empty(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|_| Problem::NoSystemCas)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn given(file: &Path) -> Result<RootCertStore, Problem> {
    let unusable = |why: String| Problem::CaUnusable {
        file: file.to_owned(),
        why,
    };
    let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("no certificate in PEM".to_owned()));
    }
    Ok(roots)
}

fn of_the_system() -> Result<RootCertStore, Problem> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err(Problem::NoSystemCas);
    }
    Ok(roots)
}

/// What TLS objects to, if it is TLS that does.
pub(super) fn fault(error: &reqwest::Error) -> Option<rustls::Error> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if let Some(fault) = this.downcast_ref::<rustls::Error>() {
            return Some(fault.clone());
        }
        // What an IO error was made of is no source of it.
        let inside = this.downcast_ref::<std::io::Error>();
        cause = match inside.and_then(std::io::Error::get_ref) {
            Some(inside) => Some(inside),
            None => this.source(),
        };
    }
    None
}
