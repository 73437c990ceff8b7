-- What one replica says of an upstream, and what it should know in return.
--
-- KEYS[1]  replicas: sorted set, replica -> when it was last heard of (ms)
-- KEYS[2]  sick:     sorted set, the same for those for which most servers fail
-- KEYS[3]  records:  hash, 'e <server>' (ejection) or 'o <server>' (override) -> versioned text
-- KEYS[4]  listed:   hash, overridden server -> when a replica last had it in its list (ms)
-- KEYS[5]  stamp:    string, changes with the replicas, the sick and the records
-- KEYS[6...] fails and probe of each server in message.fails, then of each in message.returned
-- ARGV[1]  message as JSON (see store.ts), its records and sessions as pairs of field and value
-- ARGV[2]  channel on which changed records and all sessions are told
-- ARGV[3]  limits as JSON (see store.ts)
-- Returns  { now (ms), stamp }, and if the stamp is not the one in the message
--          { now, stamp, replicas, sick, { field, value, ... } }

local message = cjson.decode(ARGV[1])
local channel = ARGV[2]
local limits = cjson.decode(ARGV[3])
local replicas, sick, records, listed, stamp_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local replica = message.replica

local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now = math.floor(now_us / 1000)
local changed = false

local function whole(number)
  return string.format('%.0f', number)
end

local function note(count)
  if count > 0 then changed = true end
end

-- Membership.
note(redis.call('ZREMRANGEBYSCORE', replicas, '-inf', now - limits.alive))
note(redis.call('ZREMRANGEBYSCORE', sick, '-inf', now - limits.alive))
if replica and message.leaving then
  note(redis.call('ZREM', replicas, replica))
  note(redis.call('ZREM', sick, replica))
elseif replica then
  note(redis.call('ZADD', replicas, now, replica))
  if message.sick then
    note(redis.call('ZADD', sick, now, replica))
  else
    note(redis.call('ZREM', sick, replica))
  end
end

local members = redis.call('ZCARD', replicas)
local suspected = redis.call('ZCARD', sick) * 2 <= members

local function votes(name)
  if not redis.call('ZSCORE', replicas, name) then return false end
  return not (suspected and redis.call('ZSCORE', sick, name))
end

-- Records: of two versions the newer one counts. What is no record counts as none.
local function version_of(text)
  local version = tonumber(text and string.match(text, '^%d+') or nil)
  if version and version <= limits.version then return version end
end

local function put(field, version, rest)
  if (version_of(redis.call('HGET', records, field)) or -1) >= version then return end
  local value = whole(version) .. ' ' .. rest
  redis.call('HSET', records, field, value)
  redis.call('PUBLISH', channel, field .. '\n' .. value)
  changed = true
end

local function ejection_of(server)
  local text = redis.call('HGET', records, 'e ' .. server) or ''
  local version = version_of(text)
  local ends, in_a_row, voters = string.match(text, '^%d+ (%d+) (%d+) (%S*)$')
  if not (version and ends) then
    return { version = 0, ends = 0, in_a_row = 0, voters = '', count = 0 }
  end
  local _, commas = string.gsub(voters, ',', '')
  return {
    version = version,
    ends = tonumber(ends),
    in_a_row = tonumber(in_a_row),
    voters = voters,
    count = voters == '' and 0 or commas + 1,
  }
end

local function put_ejection(server, old, ends, in_a_row, voters)
  local rest = whole(ends) .. ' ' .. whole(in_a_row) .. ' ' .. voters
  put('e ' .. server, math.max(now_us, old.version + 1), rest)
end

for i = 1, #message.records, 2 do
  local field, value = message.records[i], message.records[i + 1]
  local version, rest = string.match(value, '^(%d+) (.*)$')
  put(field, tonumber(version), rest)
  if string.sub(field, 1, 1) == 'o' then
    redis.call('HSET', listed, string.sub(field, 3), whole(now))
  end
end

for i = 1, #message.sessions, 2 do
  redis.call('PUBLISH', channel, message.sessions[i] .. '\n' .. message.sessions[i + 1])
end

-- Overrides of servers that nobody has any more.
for _, server in ipairs(message.listed) do
  if redis.call('HEXISTS', records, 'o ' .. server) == 1 then
    redis.call('HSET', listed, server, whole(now))
  end
end
if message.settled and redis.call('HLEN', listed) > 0 then
  local all = redis.call('HGETALL', listed)
  for i = 1, #all, 2 do
    if tonumber(all[i + 1]) < now - limits.unlisted then
      note(redis.call('HDEL', records, 'o ' .. all[i]))
      redis.call('HDEL', listed, all[i])
    end
  end
end

local function give_up_probe(key)
  if redis.call('GET', key) == replica then redis.call('DEL', key) end
end

-- Probes that went well: news for all who wait for one, be it for an ejection of the fleet's or
-- their own. One that was made before its time tells nothing against a quorum.
for i, server in ipairs(message.returned) do
  local at = 6 + 2 * #message.fails + 2 * (i - 1)
  local ejection = ejection_of(server)
  if ejection.count == 0 or ejection.ends <= now then
    redis.call('DEL', KEYS[at])
    put_ejection(server, ejection, now, ejection.in_a_row, '')
  end
  give_up_probe(KEYS[at + 1])
end

-- All fails of the window by replica, this replica's new ones included.
local function tally(key, fail)
  -- Whole seconds at the least, as nginx counts; a long window in no more than 60 parts.
  local part = math.max(1000, math.ceil(fail.windowMs / 60))
  local newest = math.floor(now / part)
  local oldest = newest - math.ceil(fail.windowMs / part)
  redis.call('HINCRBY', key, whole(newest) .. ' ' .. replica, fail.count)
  redis.call('PEXPIRE', key, whole(fail.windowMs + part))
  local counts = {}
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    local at, name = string.match(all[i], '^(%d+) (.+)$')
    if tonumber(at) < oldest then
      redis.call('HDEL', key, all[i])
    else
      counts[name] = (counts[name] or 0) + tonumber(all[i + 1])
    end
  end
  return counts
end

local function has_voted(ejection)
  return string.find(',' .. ejection.voters, ',' .. replica .. '=', 1, true) ~= nil
end

local function with_vote(ejection, fail)
  if has_voted(ejection) or ejection.count >= limits.voters then return ejection.voters end
  return ejection.voters .. ',' .. replica .. '=' .. whole(fail.count)
end

for i, fail in ipairs(message.fails) do
  local fails_key, probe_key = KEYS[6 + 2 * (i - 1)], KEYS[7 + 2 * (i - 1)]
  local ejection = ejection_of(fail.server)
  local is_out = ejection.count > 0
  if fail.again then give_up_probe(probe_key) end
  if is_out and ejection.ends > now then
    -- Somebody may come to doubt those who voted first.
    local voters = with_vote(ejection, fail)
    if votes(replica) and voters ~= ejection.voters then
      put_ejection(fail.server, ejection, ejection.ends, ejection.in_a_row, voters)
    end
  elseif is_out and fail.again then
    if votes(replica) then
      put_ejection(
        fail.server, ejection, now + fail.lengthMs, fail.inARow, with_vote(ejection, fail)
      )
    end
  else
    local total, voters = 0, {}
    for name, count in pairs(tally(fails_key, fail)) do
      if votes(name) then
        total = total + count
        if #voters < limits.voters then voters[#voters + 1] = name .. '=' .. whole(count) end
      end
    end
    local needed = math.max(1, math.min(message.quorum, members))
    if #voters >= needed and total >= fail.maxFails then
      table.sort(voters)
      put_ejection(
        fail.server, ejection, now + fail.lengthMs, fail.inARow, table.concat(voters, ',')
      )
      redis.call('DEL', fails_key)
    end
  end
end

local stamp = redis.call('GET', stamp_key)
if changed or not stamp then
  stamp = whole(now_us)
  redis.call('SET', stamp_key, stamp)
end
for i = 1, 5 do
  redis.call('PEXPIRE', KEYS[i], limits.expiry)
end
if stamp == message.known then return { whole(now), stamp } end

-- What has ended long ago is news to nobody.
local kept = {}
local all = redis.call('HGETALL', records)
for i = 1, #all, 2 do
  local ends = string.match(all[i + 1], '^%d+ (%d+)')
  if string.sub(all[i], 1, 1) == 'e' and ends and tonumber(ends) < now - limits.ended then
    redis.call('HDEL', records, all[i])
  else
    kept[#kept + 1] = all[i]
    kept[#kept + 1] = all[i + 1]
  end
end
return {
  whole(now),
  stamp,
  redis.call('ZRANGE', replicas, 0, -1),
  redis.call('ZRANGE', sick, 0, -1),
  kept,
}
