#ifndef ROTA_TRANSPORT_NATIVE_SESSION_LIMITS_H_
#define ROTA_TRANSPORT_NATIVE_SESSION_LIMITS_H_

#include <array>
#include <cstddef>
#include <cstdint>

// What a session allows its peer, and the PINGs that it sends.
namespace rota::native {

// Windows of flow control. The one of the connection is given back as bytes come in, so that a call that nobody reads holds
// up no other; the one of a stream as its messages are taken.
inline constexpr uint32_t kStreamWindow = 256 << 10;
inline constexpr int32_t kConnectionWindow = 4 << 20;
// They grow with the bandwidth-delay product.
inline constexpr uint32_t kLargestWindow = 4 << 20;
inline constexpr int32_t kStreamsInConnection = 2;

// All calls of a connection together may hold as much of what nobody takes; beyond, the connection waits for them. What a sink
// has given credit for does not count: else messages that are half here could keep their other halves away.
inline constexpr size_t kMaxHeld = 16 << 20;

inline constexpr size_t kMaxContinuations = 128;
// Calls that are begun in one go, and the rest when others have had their turn and these are answered: see kMostUnsent of the server.
inline constexpr size_t kCallsAtOnce = 32;
// Frames that are handled in one go: of the smallest, a read brings 14,000. More of them are handled by their average size.
inline constexpr size_t kFramesAtOnce = 250;
// Bytes of a header block of several frames that are cut in one go, should a field of it be as long as that (FieldCutter).
inline constexpr size_t kCutAtOnce = 16 << 10;
// Bytes of header fields that nobody wants and that are decoded in one go: up to 2,000 fields.
inline constexpr size_t kPassedOverAtOnce = 2 << 10;

inline constexpr std::array<uint8_t, 8> kTunerPing = {'r', 'o', 't', 'a', 'b', 'd', 'p', '1'};
inline constexpr std::array<uint8_t, 8> kDrainPing = {'r', 'o', 't', 'a', 'd', 'r', 'n', '1'};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_SESSION_LIMITS_H_
