-- The right to probe one server, for one replica at a time.
--
-- KEYS[1]  records: hash, 'e <server>' -> '<version> <until (ms)> <in a row> <voters>'
-- KEYS[2]  probe:   string, the replica that may probe the server
-- ARGV[1]  server
-- ARGV[2]  replica
-- ARGV[3]  for how long (ms)
-- Returns  0 when granted, else in how many milliseconds to ask again

local records, probe = KEYS[1], KEYS[2]
local server, replica, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])

local time = redis.call('TIME')
local now = math.floor(time[1] * 1000 + time[2] / 1000)

local text = redis.call('HGET', records, 'e ' .. server)
if text then
  local ends, voters = string.match(text, '^%d+ (%d+) %d+ (.*)$')
  if ends and voters ~= '' and tonumber(ends) > now then return tonumber(ends) - now end
end

local holder = redis.call('GET', probe)
if holder and holder ~= replica then return math.max(1, redis.call('PTTL', probe)) end
redis.call('SET', probe, replica, 'PX', lease)
return 0
