/**
 * What runs inside of Redis, at once and undisturbed. All keys of an installation share a hash tag, so that they lie on one node of a Redis
 * Cluster and a script may use them together. Time is Redis' own: clocks of the members are never compared.
 */

/**
 * One beat of a member: "I live", and the news of all others, in one round trip.
 *
 * - KEYS[1] hash, field = member's id, value = `<time ms> <stamp> <version>`. The stamp is new with each beat, the version with each change of
 *   what the member says; an empty version is a goodbye. Field "" is the store's own: `<since ms> <last beat of anybody ms>`.
 * - KEYS[2] hash, field = member's id, value = what it says (a message `Member`).
 * - ARGV: id, stamp, version, message or "" if the store should have this version already, ms after which a silent member is forgotten, ms
 *   of silence of everybody after which the store counts as new, then the versions that the caller knows.
 *
 * Answers nil if the store does not have the message of that version (then nothing was changed); else: the stamp that was there before or
 * "", since when the store was beaten without a pause, for how many ms, then for each member id, stamp, version, and the message, or "" if the
 * caller knows it.
 */
export const beatScript = `
local header = '^(%d+) (%S+) (%S*)$'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local id, stamp, version, message = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local forget, pause = tonumber(ARGV[5]), tonumber(ARGV[6])
local _, before, stored = string.match(redis.call('HGET', KEYS[1], id) or '', header)
if message ~= '' then
  redis.call('HSET', KEYS[2], id, message)
elseif stored ~= version or redis.call('HEXISTS', KEYS[2], id) == 0 then
  return false
end
local since, last = string.match(redis.call('HGET', KEYS[1], '') or '', '^(%d+) (%d+)$')
since, last = tonumber(since), tonumber(last)
if not last or now < last or now - last > pause then since = now end
redis.call('HSET', KEYS[1], '', string.format('%.0f %.0f', since, now), id, string.format('%.0f %s %s', now, stamp, version))
local known = { [version] = true }
for i = 7, #ARGV do known[ARGV[i]] = true end
local answer = { before or '', string.format('%.0f', since), string.format('%.0f', now - since) }
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local member = all[i]
  if member ~= '' then
    local at, theirs, says = string.match(all[i + 1], header)
    if not at or math.abs(now - at) > forget then
      redis.call('HDEL', KEYS[1], member)
      redis.call('HDEL', KEYS[2], member)
    else
      local news = ''
      if says ~= '' and not known[says] then news = redis.call('HGET', KEYS[2], member) or '' end
      local n = #answer
      answer[n + 1], answer[n + 2], answer[n + 3], answer[n + 4] = member, theirs, says, news
    end
  end
end
redis.call('PEXPIRE', KEYS[1], forget * 2)
redis.call('PEXPIRE', KEYS[2], forget * 2)
return answer
`;

/**
 * A member leaves a note that it went, unless a later life of its id has beaten since.
 * ARGV: id, the beginning of this life's stamps.
 */
export const goodbyeScript = `
local at, stamp = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^(%d+) (%S+)')
if not at or string.sub(stamp, 1, #ARGV[2]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], at .. ' ' .. stamp .. ' ')
redis.call('HDEL', KEYS[2], ARGV[1])
return 1
`;

/**
 * Takes from a token bucket: as many as are needed, but at least `first`, or nothing; and then for later, of what is left, at most half, so
 * that nobody who takes ahead empties the bucket for the others.
 *
 * KEYS[1]: when the bucket will be full again, in µs of Redis' time (GCRA); the key ends when it is full. ARGV: first, needed (≥ first), ahead,
 * tokens a second, burst. Answers the tokens taken and 0, or 0 and the ms until `first` will be there.
 */
export const takeScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local first, needed, ahead = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local token, burst = 1000000 / tonumber(ARGV[4]), tonumber(ARGV[5])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
full = math.min(math.max(full, now), now + burst * token)
local there = math.floor(burst - (full - now) / token + 0.000001)
if there < first then return { 0, math.max(1, math.ceil((full + first * token - now - burst * token) / 1000)) } end
local taken = math.min(needed, there)
taken = taken + math.min(ahead, math.floor((there - taken) / 2))
full = full + taken * token
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return { taken, 0 }
`;
