//! The binary `causeway`.

use std::process::ExitCode;

use causeway::{commands::Cli, exit};
use clap::Parser;

/// A fifth less time than with the C library's, for some MiB more (PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Planning recurses along the nesting of operations; the default stack of 2 MiB is less than the depth limit
    // may need in an unoptimised build.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(8 << 20)
        .max_blocking_threads(planning_threads())
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::from(exit::COULD_NOT_RUN);
        }
    };
    runtime.block_on(causeway::commands::run(cli))
}

/// Planning is work for processors: more threads than those finish nothing sooner, and each keeps memory of its own.
fn planning_threads() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    (2 * processors).max(4)
}
