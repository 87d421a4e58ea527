//! Hugging Face tokenizers behind a small C interface, declared in `iolite_tokenizers.h`.
//!
//! Nothing here starts threads. A panic of the library never crosses into C: it becomes an error.

mod bert;
mod tokenizer;

use std::ffi::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::slice;
use std::sync::Once;

use tokenizer::{Batch, Options, ShimTokenizer};

/// Text or bytes that the caller owns. `data` may be null when `size` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    data: *const u8,
    size: usize,
}

impl Bytes {
    /// # Safety
    /// `data` must point at `size` readable bytes that outlive `'a`.
    unsafe fn as_slice<'a>(self) -> &'a [u8] {
        if self.size == 0 {
            &[]
        } else {
            slice::from_raw_parts(self.data, self.size)
        }
    }
}

/// A message that this crate owns until `iolite_tokenizers_message_free`.
#[repr(C)]
pub struct Message {
    data: *mut u8,
    size: usize,
}

#[repr(C)]
pub struct OpenOptions {
    token_count_max: u32,
    lower_case: u8,
}

#[repr(C)]
pub struct Info {
    vocabulary_size: u64,
    padding_id: i64,
    unknown_id: i64,
    leading_special_count: u32,
    trailing_special_count: u32,
    median_token_length: u32,
}

#[repr(C)]
pub struct Encodings {
    ids: *const i32,
    type_ids: *const i32,
    spans: *const u32,
    offsets: *const u32,
    token_count: usize,
    owner: *mut c_void,
}

/// Runs `work`, and turns an error or a panic into a message and a code other than 0.
///
/// # Safety
/// `error` must be null or writable.
unsafe fn guarded(error: *mut Message, work: impl FnOnce() -> Result<(), String>) -> i32 {
    let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let reason = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("without a reason");
        Err(format!("the tokenizers library panicked: {reason}"))
    });
    let Err(text) = outcome else { return 0 };
    if !error.is_null() {
        let bytes = text.into_bytes().into_boxed_slice();
        let size = bytes.len();
        *error = Message {
            data: Box::into_raw(bytes) as *mut u8,
            size,
        };
    }
    1
}

/// Keeps the report of a panic off stderr: its reason reaches the caller in the message.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

/// # Safety
/// `error` must come from a call of this crate that failed, and is spent afterwards.
#[no_mangle]
pub unsafe extern "C" fn iolite_tokenizers_message_free(error: Message) {
    if !error.data.is_null() {
        drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(
            error.data, error.size,
        )));
    }
}

/// # Safety
/// Pointers must be valid; `json` must hold for the call.
#[no_mangle]
pub unsafe extern "C" fn iolite_tokenizers_open(
    json: Bytes,
    options: *const OpenOptions,
    out: *mut *mut ShimTokenizer,
    error: *mut Message,
) -> i32 {
    silence_panics();
    guarded(error, || {
        let options = Options {
            token_count_max: (*options).token_count_max as usize,
            lower_case: (*options).lower_case != 0,
        };
        let tokenizer = ShimTokenizer::open(json.as_slice(), options)?;
        *out = Box::into_raw(Box::new(tokenizer));
        Ok(())
    })
}

/// # Safety
/// `tokenizer` must come from `iolite_tokenizers_open`, and is spent afterwards.
#[no_mangle]
pub unsafe extern "C" fn iolite_tokenizers_close(tokenizer: *mut ShimTokenizer) {
    if !tokenizer.is_null() {
        drop(Box::from_raw(tokenizer));
    }
}

/// # Safety
/// Pointers must be valid.
#[no_mangle]
pub unsafe extern "C" fn iolite_tokenizers_info(tokenizer: *const ShimTokenizer, out: *mut Info) {
    let tokenizer = &*tokenizer;
    *out = Info {
        vocabulary_size: tokenizer.vocabulary_size as u64,
        padding_id: tokenizer.padding_id.map_or(-1, i64::from),
        unknown_id: tokenizer.unknown_id.map_or(-1, i64::from),
        leading_special_count: tokenizer.leading.len() as u32,
        trailing_special_count: tokenizer.trailing.len() as u32,
        median_token_length: tokenizer.median_token_length as u32,
    };
}

/// # Safety
/// Pointers must be valid.
#[no_mangle]
pub unsafe extern "C" fn iolite_tokenizers_token_id(
    tokenizer: *const ShimTokenizer,
    token: Bytes,
) -> i64 {
    let Ok(token) = std::str::from_utf8(token.as_slice()) else {
        return -1;
    };
    (*tokenizer).token_id(token).map_or(-1, i64::from)
}

/// # Safety
/// `texts` must name `count` texts, `pairs` be null or name as many; `out` must be writable.
#[no_mangle]
pub unsafe extern "C" fn iolite_tokenizers_encode(
    tokenizer: *const ShimTokenizer,
    texts: *const Bytes,
    pairs: *const Bytes,
    count: usize,
    flags: u32,
    out: *mut Encodings,
    error: *mut Message,
) -> i32 {
    guarded(error, || {
        let mut batch = Batch::new(flags);
        for i in 0..count {
            let text = (*texts.add(i)).as_slice();
            let pair = if pairs.is_null() {
                None
            } else {
                Some((*pairs.add(i)).as_slice())
            };
            (*tokenizer)
                .encode(text, pair, &mut batch)
                .map_err(|e| format!("text {i}: {e}"))?;
        }
        *out = into_encodings(batch);
        Ok(())
    })
}

fn into_encodings(batch: Batch) -> Encodings {
    let batch = Box::new(batch);
    Encodings {
        ids: batch.ids.as_ptr(),
        type_ids: batch.type_ids.as_ptr(),
        spans: if batch.with_spans() {
            batch.spans.as_ptr()
        } else {
            std::ptr::null()
        },
        offsets: batch.offsets.as_ptr(),
        token_count: batch.ids.len(),
        owner: Box::into_raw(batch) as *mut c_void,
    }
}

/// # Safety
/// `encodings` must come from `iolite_tokenizers_encode` and not be freed yet.
#[no_mangle]
pub unsafe extern "C" fn iolite_tokenizers_encodings_words(encodings: Encodings) -> *const i32 {
    let batch = &*(encodings.owner as *const Batch);
    if batch.with_spans() {
        batch.words.as_ptr()
    } else {
        std::ptr::null()
    }
}

/// # Safety
/// `encodings` must come from `iolite_tokenizers_encode`, and is spent afterwards.
#[no_mangle]
pub unsafe extern "C" fn iolite_tokenizers_encodings_free(encodings: Encodings) {
    if !encodings.owner.is_null() {
        drop(Box::from_raw(encodings.owner as *mut Batch));
    }
}
