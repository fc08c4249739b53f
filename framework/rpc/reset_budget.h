#ifndef ROTA_RPC_RESET_BUDGET_H_
#define ROTA_RPC_RESET_BUDGET_H_

#include "framework/loop/budget.h"

namespace rota {

// How many calls of a connection may be reset, by the peer or because of what the peer did. HTTP/2 limits the streams that are open, and a reset one
// is not, so that a peer which resets its own makes the server work as fast as it can write. A client that cancels a thousand calls a second is left
// alone, also when it cancels all of its calls at once.
// Source: CVE-2023-44487 (rapid reset), CVE-2025-8671 (MadeYouReset).
using ResetBudget = Budget<2000, 10000>;

}  // namespace rota

#endif  // ROTA_RPC_RESET_BUDGET_H_
