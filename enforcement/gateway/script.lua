-- One request: state, expiry, scope, every limit, usage. Everything is decided before anything is counted.
--
-- KEYS: the projections of the secret's digests, newest pepper first.
-- ARGV: 1 model or '', 2 scope or '', 3 tokens, 4 tokens of output, 5 end user or '', 6 network or '' (a keyed hash),
--       then for each key the least version of it that may be believed.
-- Returns one text, which a client reads in one piece: verdict, now in microseconds, key, grant, owner, program,
-- application, fields of the verdict, with tabs between them; see Verdict in verdicts.py. Counters are named after what
-- the projection says, so this runs on one Redis (with replicas), not on a Redis cluster.
local COUNTED, USAGE, END_USERS, NETWORKS = 'gh:l:', 'gh:u:', 'gh:e:', 'gh:n:'  -- as in onboarding/projection.py
local MINUTE, DAY = 60000000, 86400  -- microseconds, seconds
local EIGHT_DAYS = 8 * DAY
local LEVELS = {o = '', k = 'key_', p = 'program_', e = 'end_user_'}
local KINDS = {r = 'requests', t = 'tokens'}
local PERS = {m = '_per_minute', d = '_per_day'}

local function whole(number) return string.format('%.0f', number) end

local time = redis.call('TIME')
local seconds = tonumber(time[1])
local now = seconds * 1000000 + tonumber(time[2])

local row, missing
for index, name in ipairs(KEYS) do
    local held = redis.call('HMGET', name, 'version', 'state', 'key', 'grant', 'owner', 'program', 'application',
        'environment', 'models', 'limits', 'expires', 'accepted', 'counted', 'conditions', 'most_output', 'kept_out')
    if not held[1] or not held[10] or tonumber(held[1]) < tonumber(ARGV[6 + index]) then
        missing = true
    elseif held[2] ~= 'unknown' then
        row = held
        break
    end
end
if not row then
    return (missing and 'missing' or 'unknown_key') .. '\t' .. whole(now)
end
local state, key, grant, owner, program, application, environment = unpack(row, 2, 8)
local hour = key .. ':' .. math.floor(seconds / 3600)

local function count(field)
    if redis.call('HINCRBY', USAGE .. hour, field, 1) == 1 then
        redis.call('EXPIRE', USAGE .. hour, EIGHT_DAYS)
    end
end

local function answer(verdict, ...)
    count(verdict)
    -- Whoever counts into a usage hash says so here, after counting: only what is touched is copied to PostgreSQL.
    if redis.call('ZADD', USAGE .. 'touched', whole(now), hour) == 1 then
        redis.call('EXPIRE', USAGE .. 'touched', EIGHT_DAYS)
    end
    if verdict == 'ok' or verdict == 'rate_limited' then
        -- The minute of a key's last use; a payer copies it to PostgreSQL and takes it away.
        if redis.call('ZADD', USAGE .. 'last', 'GT', seconds - seconds % 60, key) == 1 then
            redis.call('EXPIRE', USAGE .. 'last', EIGHT_DAYS)
        end
    end
    return table.concat({verdict, whole(now), key, grant, owner, program, application, ...}, '\t')
end

if state == 'revoked' then return answer('revoked_key') end
if state == 'expired' or seconds >= tonumber(row[11]) then return answer('expired_key') end
if state ~= 'active' then return answer('suspended') end
if row[12] ~= '1' then return answer('terms_not_accepted') end
if ARGV[5] ~= '' and row[16] and string.find(row[16], '\n' .. ARGV[5] .. '\n', 1, true) then
    return answer('end_user_suspended')
end
if ARGV[2] ~= '' and ARGV[2] ~= environment then return answer('outside_scope', 'scope') end
if ARGV[1] ~= '' and not string.find(row[9], '\n' .. ARGV[1] .. '\n', 1, true) then
    return answer('outside_scope', 'model')
end
local most_output = tonumber(row[15])
if most_output > 0 and tonumber(ARGV[4]) > most_output then
    return answer('outside_scope', 'output', most_output)
end

-- Who shares a count: all keys of an owner that count as one environment; a key; a program; an end user of an owner.
local ours = owner .. ':' .. program .. ':' .. row[13]
local subjects = {o = ours, k = key, p = program, e = ARGV[5] ~= '' and ours .. ':' .. ARGV[5]}
local counts = {r = 1, t = tonumber(ARGV[3])}
local today = math.floor(seconds / DAY)
local tomorrow = (today + 1) * DAY + 3600

local stored, charged, ends = {}, {}, {}  -- by level: what was there, what is to be written, until when it is kept
local standing, would = {}, {}
local admitted = true
for level, kind, per, shadow, most in string.gmatch(row[10], '(%l)(%l)(%l)(s?) (%d+)') do
    if subjects[level] then
        local held = stored[level]
        if not held then
            held = {}
            local flat = redis.call('HGETALL', COUNTED .. level .. ':' .. subjects[level])
            for index = 1, #flat, 2 do held[flat[index]] = tonumber(flat[index + 1]) end
            stored[level], charged[level], ends[level] = held, {}, 0
        end
        local field, n = kind .. per .. shadow, counts[kind]
        local used, at, fits = held[field] or 0, held[field .. '@'] or 0, false
        most = tonumber(most)
        if per == 'm' then
            -- GCRA (ITU-T I.371, as the continuous-state leaky bucket) in whole numbers, so that no rounding lets one
            -- more or one fewer pass. Each weighs 60,000,000; each microsecond takes L away; at most L lie in it. A clock
            -- set back takes nothing away; one set forward by more than a minute empties the bucket, no more.
            local passed = math.min(math.max(now - at, 0), MINUTE)
            used = math.max(math.min(used, most * MINUTE) - passed * most, 0)
            fits = n <= most and used + math.max(n, 1) * MINUTE <= most * MINUTE
        else
            if at ~= today then used = 0 end
            fits = used + math.max(n, 1) <= most
        end
        ends[level] = math.max(ends[level], per == 'm' and seconds + 61 or tomorrow)
        if fits then
            local after = used + n * (per == 'm' and MINUTE or 1)
            local put = charged[level]
            put[#put + 1], put[#put + 2] = field, whole(after)
            put[#put + 1], put[#put + 2] = field .. '@', whole(per == 'm' and now or today)
            if shadow == '' then
                standing[#standing + 1] = {level .. kind .. per, most, whole(used), whole(after), 1}
            end
        elseif shadow == '' then
            admitted = false
            standing[#standing + 1] = {level .. kind .. per, most, whole(used), whole(used), 0}
        else
            would[#would + 1] = LEVELS[level] .. KINDS[kind] .. PERS[per]
        end
    end
end

if admitted then
    for level, put in pairs(charged) do
        if #put > 0 then
            local name = COUNTED .. level .. ':' .. subjects[level]
            redis.call('HSET', name, unpack(put))
            redis.call('EXPIREAT', name, ends[level])
        end
    end
    for _, name in ipairs(would) do count('would_limit:' .. name) end
    -- How many end users and networks an hour, about (HyperLogLog).
    for prefix, who in pairs({[END_USERS] = ARGV[5], [NETWORKS] = ARGV[6]}) do
        if who ~= '' and redis.call('PFADD', prefix .. hour, who) == 1 then
            redis.call('EXPIRE', prefix .. hour, EIGHT_DAYS)
        end
    end
end
local told = {}
for index, held in ipairs(standing) do
    told[index] = held[1] .. ' ' .. whole(held[2]) .. ' ' .. held[admitted and 4 or 3] .. ' ' .. held[5]
end
return answer(admitted and 'ok' or 'rate_limited', row[14] or '', row[15], unpack(told))
