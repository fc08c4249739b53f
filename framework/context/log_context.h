#ifndef ROTA_CONTEXT_LOG_CONTEXT_H_
#define ROTA_CONTEXT_LOG_CONTEXT_H_

namespace rota {

// Makes every line of Log() that is written for a request carry its request_id and trace_id, on the loop and in jobs.
// Thread: any; once, before other threads start.
void InstallLogContext();

}  // namespace rota

#endif  // ROTA_CONTEXT_LOG_CONTEXT_H_
