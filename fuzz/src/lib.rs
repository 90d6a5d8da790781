//! What the fuzz targets do with their bytes. Each must never panic, hang or grow without bound, and
//! holds what comes out to what is promised of it.

pub mod blueprint_file;
pub mod job_body;
pub mod result_body;
