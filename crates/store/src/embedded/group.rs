//! A group of requests: deciding what of it is written, and telling what has become of it.

use std::sync::Arc;
use std::vec::IntoIter;

use avtomatika_engine::storage::StoreError;
use avtomatika_protocol::WorkerId;

use super::codec::{self, Encoded};
use super::purge::Purged;
use super::requests::{Reply, Request};
use super::table::Base;
use super::tables::{Layer, Tables};
use super::writer::Writer;
use super::{disk, purge, verify, write};

/// Who is told that their request did not fit, and why.
pub(super) type Refused = (Reply<()>, StoreError);

/// What to tell whom after the sync.
pub(super) enum Done {
    Commit(Box<Encoded>, Reply<()>),
    Documents(Reply<()>),
    Register(Box<avtomatika_engine::storage::WorkerRecord>, Reply<()>),
    Forget(Reply<()>),
    Purge(Purged, Reply<usize>),
}

impl Writer {
    /// Decides a group: what is to be written, and what each is to be told. `takes_rows`: queue rows
    /// and the outbox's deletion go along.
    pub(super) fn fill(
        &mut self,
        layer: &mut Layer,
        takes_rows: bool,
        group: IntoIter<Request>,
        done: &mut Vec<Done>,
        refused: &mut Vec<Refused>,
    ) -> Result<(), redb::Error> {
        let shared = Arc::clone(&self.shared);
        let layers = shared.layers.read();
        let mut group = group;
        let base = shared
            .database()
            .map_err(|_| redb::Error::PreviousIo)
            .map(Base::of);
        let base = match base {
            Ok(base) => base,
            Err(error) => {
                done.extend(group.filter_map(Done::asked));
                return Err(error);
            }
        };
        let mut tables = Tables::open(layer, &layers, &base);
        // First, and as the index has them: the group may finish or retry some of these tasks.
        if takes_rows {
            write::write_rows(&shared, &mut tables, &self.rows);
            tables.keep();
        }
        for request in group.by_ref() {
            let before = refused.len();
            if let Err(error) = self.one(&mut tables, request, done, refused) {
                done.extend(group.filter_map(Done::asked));
                return Err(error);
            }
            if refused.len() == before {
                tables.keep();
            } else {
                tables.forget();
            }
        }
        if let Some(up_to) = self.forget_outbox.filter(|_| takes_rows) {
            for seq in tables.outbox.first_below(&(up_to + 1), usize::MAX)? {
                tables.outbox.remove(seq);
            }
        }
        tables.keep();
        Ok(())
    }

    fn one(
        &mut self,
        tables: &mut Tables<'_>,
        request: Request,
        done: &mut Vec<Done>,
        refused: &mut Vec<Refused>,
    ) -> Result<(), redb::Error> {
        match request {
            Request::Commit { batch, reply } => {
                let checked = verify::verify(&self.shared, tables, &batch);
                let written = match checked {
                    Ok(Ok(())) => write::write(&self.shared, tables, &batch, &mut self.told),
                    other => other,
                };
                match written {
                    Ok(Err(error)) => refused.push((reply, error)),
                    Ok(Ok(())) => done.push(Done::Commit(batch, reply)),
                    Err(error) => {
                        done.push(Done::Commit(batch, reply));
                        return Err(error);
                    }
                }
            }
            Request::Documents { changes, reply } => {
                let written = verify::documents(tables, &changes)
                    .map(|fits| fits.and_then(|()| write::write_documents(tables, &changes)));
                match written {
                    Ok(Err(error)) => refused.push((reply, error)),
                    Ok(Ok(())) => done.push(Done::Documents(reply)),
                    Err(error) => {
                        done.push(Done::Documents(reply));
                        return Err(error);
                    }
                }
            }
            Request::Register { worker, reply } => {
                let written = codec::pack(worker.as_ref()).map(|bytes| {
                    let id = worker.registration.worker_id.as_str();
                    tables.workers.put(id, bytes.into());
                });
                match written {
                    Err(error) => refused.push((reply, error)),
                    Ok(()) => done.push(Done::Register(worker, reply)),
                }
            }
            Request::Forget { workers, reply, .. } => {
                done.push(Done::Forget(reply));
                for worker in workers {
                    tables.workers.remove(worker.as_str());
                }
            }
            Request::Purge {
                before_ms,
                max,
                reply,
            } => match purge::purge(tables, before_ms, max) {
                Ok(purged) => done.push(Done::Purge(purged, reply)),
                Err(error) => {
                    done.push(Done::Purge(Purged::default(), reply));
                    return Err(error);
                }
            },
            // It is taken out before a group is written.
            Request::Close { .. } => {}
        }
        Ok(())
    }

    /// Answers a request that has become durable. Who asked may have gone.
    pub(super) fn finish(&mut self, done: Done) {
        match done {
            Done::Commit(batch, reply) => {
                self.room.used(batch.bytes());
                write::remember(&self.shared, *batch);
                let _gone = reply.send(Ok(()));
            }
            Done::Register(worker, reply) => {
                let now_ms = worker.registered_at_ms;
                let stale: Vec<WorkerId> = {
                    let mut index = self.shared.index.lock();
                    index.register(*worker, now_ms);
                    index.forget_stale_workers(now_ms)
                };
                let _gone = reply.send(Ok(()));
                if !stale.is_empty() {
                    // What comes after this one in the group is not in the index yet, so no
                    // queue row may be written from it here.
                    let (reply, _nobody) = tokio::sync::oneshot::channel();
                    self.write_group(vec![Request::Forget {
                        workers: stale,
                        rows: Vec::new(),
                        reply,
                    }]);
                }
            }
            Done::Documents(reply) | Done::Forget(reply) => {
                let _gone = reply.send(Ok(()));
            }
            Done::Purge(purged, reply) => {
                disk::make_ballast(&self.shared.options.dir);
                self.room.regained(&self.shared, purged.bytes);
                // Not sooner: until it was durable a reader could have put one back.
                for job in &purged.jobs {
                    self.shared.jobs.remove(*job);
                }
                let _gone = reply.send(Ok(purged.jobs.len()));
            }
        }
    }
}

/// Answers requests that can't even be tried.
pub(super) fn turn_away(group: Vec<Request>, answer: &StoreError) {
    for item in group.into_iter().filter_map(Done::asked) {
        item.refuse(answer);
    }
}

impl Done {
    /// What is to be told whom about this request.
    fn asked(request: Request) -> Option<Self> {
        match request {
            Request::Commit { batch, reply } => Some(Self::Commit(batch, reply)),
            Request::Documents { reply, .. } => Some(Self::Documents(reply)),
            Request::Register { worker, reply } => Some(Self::Register(worker, reply)),
            Request::Forget { reply, .. } => Some(Self::Forget(reply)),
            Request::Purge { reply, .. } => Some(Self::Purge(Purged::default(), reply)),
            Request::Close { .. } => None,
        }
    }

    /// Tells that it has not been done. Who asked may have gone.
    pub(super) fn refuse(self, answer: &StoreError) {
        let _gone = match self {
            Self::Commit(_, reply)
            | Self::Register(_, reply)
            | Self::Documents(reply)
            | Self::Forget(reply) => reply.send(Err(answer.clone())).is_ok(),
            Self::Purge(_, reply) => reply.send(Err(answer.clone())).is_ok(),
        };
    }
}
